"""What is seen in a browser? A page with live pictures, vehicles and health."""
