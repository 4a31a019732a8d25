package tlite

// Alive is how many objects of C are not freed yet.
func Alive() int { return int(alive.Load()) }

// RequestsOf is how many requests an engine's Go side remembers.
func RequestsOf(e *Engine) int {
	e.state.mu.Lock()
	defer e.state.mu.Unlock()
	return len(e.state.requests)
}
