package main

import (
	"fmt"
	"reflect"
)

// is tells whether got is what was wanted, and counts the question.
func (s *suite) is(what string, got, want any) error {
	s.asked++
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

// refused is refused, counted.
func (s *suite) refused(err error, status int, code string) error {
	s.asked++
	return refused(err, status, code)
}

// first returns the first of errs that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// the returns what a pointer leads to, or the zero value.
func the[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}
