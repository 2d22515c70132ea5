"""What the server can do: one async function and one command each."""
