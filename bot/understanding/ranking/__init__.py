"""Components that rank: topics, and the answers of a question; how a message is cut for them."""
