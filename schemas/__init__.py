"""WHAT every table is: contracts, data elements, code lists and departments. Pure data and its reader."""
