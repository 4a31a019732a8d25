// Answers with all that Markdown has. No table header is a formula alone: axe 4.14 reads no MathML and calls it empty.
export const kRich = `# Two ways to sort

Both are **divide and conquer**; they differ in *where* the work is done. See [the lecture](https://example.com/sorting).

## In one table

| Algorithm | Worst case | Memory | Stable |
|:----------|:----------:|-------:|--------|
| Quicksort | $O(n^2)$ | $O(\\log n)$ | no |
| Merge sort | $O(n \\log n)$ | $O(n)$ | yes |

1. Quicksort splits *around a pivot*.
2. Merge sort splits in the middle and
   - sorts both halves,
   - merges them by \`merge()\`.

## The code

\`\`\`python
def merge_sort(items: list[int]) -> list[int]:
    """Sorts by halves. Stable."""
    if len(items) <= 1:
        return items  # nothing to do
    middle = len(items) // 2
    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
    merged = []
    while left and right:
        merged.append((left if left[0] <= right[0] else right).pop(0))
    return merged + left + right
\`\`\`

Its cost obeys the recurrence

$$
T(n) = 2\\,T\\left(\\frac{n}{2}\\right) + \\Theta(n) \\quad\\Longrightarrow\\quad T(n) = \\Theta(n \\log n),
$$

since \\(\\sum_{k=0}^{\\log_2 n} 2^k \\cdot \\frac{n}{2^k} = n(\\log_2 n + 1)\\).

> Premature optimisation is the root of all evil.
`;

export const kMath = `Inline \\(\\hat{x}\\), $\\vec v \\cdot \\vec w$, $\\overline{AB}$, $\\frac12$, $x^{2}_{i}$.

\\[
\\begin{aligned}
(a+b)^2 &= a^2 + 2ab + b^2 \\\\
        &\\ge 4ab
\\end{aligned}
\\]

$$|x| = \\begin{cases} x, & x \\ge 0 \\\\ -x, & x < 0 \\end{cases}$$

$$\\lim_{n\\to\\infty} \\left(1+\\frac1n\\right)^n = e, \\qquad \\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}, \\qquad \\prod_{p} \\frac{1}{1-p^{-s}}$$

$$\\mathbb{R}^n \\ni \\mathbf{x} \\mapsto \\lVert \\mathbf{x} \\rVert_2 = \\sqrt[n]{\\text{some text}} \\quad \\boxed{E = mc^2} \\tag{1}$$

Not a formula: $\\nosuchcommand{x}$, and $5 or $10.
`;

export const kRichRussian = `## Теорема Пифагора

В прямоугольном треугольнике **квадрат гипотенузы** равен сумме квадратов катетов:

$$c = \\sqrt{a^2 + b^2}$$

Несколько целых троек:

| Катет $a$ | Катет $b$ | Гипотенуза $c$ |
|----:|----:|----:|
| 3 | 4 | 5 |
| 5 | 12 | 13 |
| 8 | 15 | 17 |

То же на C++:

\`\`\`cpp
#include <cmath>

double hypotenuse(double a, double b) {
  return std::hypot(a, b);  // без переполнения
}
\`\`\`

- Катеты — стороны при прямом угле.
- Гипотенуза — сторона *напротив* него.

$$
\\begin{pmatrix} \\cos\\varphi & -\\sin\\varphi \\\\ \\sin\\varphi & \\cos\\varphi \\end{pmatrix}
\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}
$$
`;
