package trust

import (
	"container/list"
	"crypto/tls"
	"time"
)

// leaves keeps the leaves that were used last. The zero value is empty.
type leaves struct {
	byKey map[string]*list.Element
	used  list.List // of keptLeaf, the latest first
}

type keptLeaf struct {
	key  string
	leaf *tls.Certificate
}

// find returns the leaf kept under key if it lasts beyond until.
func (l *leaves) find(key string, until time.Time) *tls.Certificate {
	e, ok := l.byKey[key]
	if !ok {
		return nil
	}
	kept := e.Value.(keptLeaf)
	if kept.leaf.Leaf.NotAfter.Before(until) {
		return nil
	}
	l.used.MoveToFront(e)
	return kept.leaf
}

// keep puts leaf under key and forgets the one unused for longest when there
// are more than limit.
func (l *leaves) keep(key string, leaf *tls.Certificate, limit int) {
	if l.byKey == nil {
		l.byKey = map[string]*list.Element{}
	}
	if e, ok := l.byKey[key]; ok {
		l.used.Remove(e)
	}
	l.byKey[key] = l.used.PushFront(keptLeaf{key, leaf})
	for l.used.Len() > limit {
		last := l.used.Back()
		delete(l.byKey, last.Value.(keptLeaf).key)
		l.used.Remove(last)
	}
}
