"""Everything the blog needs beside MkDocs itself."""
