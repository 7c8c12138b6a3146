"""What crosses the wire: sockets, HTTP, files, downloads."""
