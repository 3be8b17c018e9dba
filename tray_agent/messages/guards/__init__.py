"""What holds messages back that one by one look right: an old store, a view or an agenda that forgot, a wrong clock, far too many."""
