package pebble

import "testing"

func TestStart(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Restart(t)
	if err := s.Zone.Set("_acme-challenge.example.test.", []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.Zone.Records(); now != 2 {
		t.Errorf("%d records, want 2", now)
	}
}
