"""What runs inside the action server: thin rasa_sdk actions, one file a group of user tasks."""
