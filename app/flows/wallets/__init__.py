"""What moves on wallets beside chat: charges, deposits, trial money, statements."""
