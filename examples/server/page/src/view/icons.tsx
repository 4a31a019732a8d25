// Line icons on a grid of 24, drawn for this page. They say nothing to a screen reader: the button that holds one does.

const kPaths = {
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  sliders: "M4 8h9M17 8h3M4 16h3M11 16h9M15 5.5v5M9 13.5v5",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18z",
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7",
  tokens: "M4 18V9M9.3 18v-5M14.6 18V6M20 18v-8",
  export: "M12 15V4M8 8l4-4 4 4M5 14v5h14v-5",
  import: "M12 4v11M8 11l4 4 4-4M5 14v5h14v-5",
} as const;

export type IconName = keyof typeof kPaths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={kPaths[name]} />
    </svg>
  );
}
