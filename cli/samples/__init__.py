"""The sample files of `leanda demo`, and the script that writes them."""
