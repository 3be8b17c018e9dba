"""Programs for those who build the project; none of them travels in the wheel."""
