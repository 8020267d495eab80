"""Where mails go: over SMTP, or nowhere in the demo."""
