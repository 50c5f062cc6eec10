package memory

// CleanUp lets the cache forget now what it is about to forget.
func (c *Cache) CleanUp() { c.entries.CleanUp() }
