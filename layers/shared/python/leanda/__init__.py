"""The layer every Leanda function stands on: contracts, messaging, persistence, HTTP, discovery, access."""
