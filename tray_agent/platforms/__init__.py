"""What differs between Windows and Linux.

A module named after its topic (``autostart``) says what every system promises; what can only be imported on one system
stands beside it (``autostart_windows``). ``this_system`` picks the implementation that works here, and nothing in this
package imports it.
"""
