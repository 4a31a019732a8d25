"""T-lite in LibreOffice Writer: texts that a model rewrites, in place.

`text` knows words, `engine` a model as well; both run without an office, and tests do so. `office`
knows documents and windows. Each knows those before it.
"""
