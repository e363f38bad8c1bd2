"""Makes worlds and their signals: shoppers, shelves, cameras. Devices only carry them through their ports."""
