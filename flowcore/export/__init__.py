"""What leaves a comparison: reports, figures, sheets, tables, animations, commands."""
