"""Service to service: who is where (Cloud Map), who calls (IAM role identity), and a client with backoff."""
