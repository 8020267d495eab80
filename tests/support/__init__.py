"""What tests share: servers, books, people, crowds; no test module imports another."""
