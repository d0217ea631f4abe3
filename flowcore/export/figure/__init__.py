"""A figure for a paper: `spec` says what it shows, `build` makes it, `caption` says it in words.

`grid` has the panels of a usual figure, `layout` where all of it goes in mm; `parts`, `legend` and
`text` draw.
"""
