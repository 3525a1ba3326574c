"""What the city is made from and what is true of it; nothing here knows how anything is handed over."""
