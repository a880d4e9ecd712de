"""A model's report as one page of HTML: what is told, how it is drawn, and how it is made safe to open anywhere."""
