package bootstrap

import "sync"

// lazily keeps what was got once; what fails is tried again.
type lazily struct {
	mu    sync.Mutex
	value []byte
}

func (l *lazily) get(get func() ([]byte, error)) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.value != nil {
		return l.value, nil
	}
	value, err := get()
	if err != nil {
		return nil, err
	}
	l.value = value
	return value, nil
}
