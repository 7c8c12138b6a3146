"""What can be said of what is one's own: the points of an order, of several, of all; and the action that answers by them."""
