"""The way to servers on the internet: proxy, certificates, connections that do not wait for ever."""
