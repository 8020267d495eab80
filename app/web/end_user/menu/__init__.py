"""A user's menu behind a link."""
