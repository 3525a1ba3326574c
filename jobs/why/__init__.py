"""Why a person or firm is who it is: records, links, competing values and their origin, as a published night shows them."""
