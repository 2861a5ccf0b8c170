package service

import "context"

// Reset empties the store, settings and accounts excepted, and makes all that
// was rendered of it stale. It is for development servers and asks nobody's
// permission.
func (s *Service) Reset(ctx context.Context) error {
	defer s.epochs.bumpAll()
	return s.Store.Reset(ctx)
}

func (e *epochs) bumpAll() {
	for i := range e.slots {
		e.slots[i].Add(1)
	}
}
