package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

const readers = 8

// hot is how many names are read that are read often.
const hot = 100

// reading GETs one of the first n certificates, keys or secrets of a server.
func reading(kind string, n int, rest string) func(*caller) error {
	return func(c *caller) error {
		return c.send("GET", "/"+kind+"/c-"+strconv.Itoa(1+c.random.IntN(n))+rest, "", http.StatusOK)
	}
}

// gets measures what clients ask for most, beside as many bytes from bare net/http.
func gets(s *stand) ([]row, error) {
	v, err := s.server(small)
	if err != nil {
		return nil, err
	}
	bare, err := s.bareServer()
	if err != nil {
		return nil, err
	}
	one, err := v.callers(1)
	if err != nil {
		return nil, err
	}
	kinds := []string{"certificates", "secrets", "keys"}
	var all []*contender
	for _, kind := range kinds {
		if err := reading(kind, 1, "")(one[0]); err != nil {
			return nil, err
		}
		size := "/" + strconv.Itoa(one[0].answer.Len())
		ours, err := v.contender(kind, readers, reading(kind, hot, ""))
		theirs, failed := bare.contender("bare", readers, func(c *caller) error { return c.send("GET", size, "", http.StatusOK) })
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		all = append(all, ours, theirs)
	}
	pending, err := v.contender("pending", readers, reading("certificates", hot, "/pending"))
	if err != nil {
		return nil, err
	}
	got, err := s.often().inTurn(append(all, pending)...)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, kind := range kinds {
		ours, theirs := got[2*i], got[2*i+1]
		rows = append(rows, atLeast(0.85, ratio(ours.rates, theirs.rates), fmt.Sprintf("GET of one of %d %s, %d callers, beside bare net/http with as many bytes", hot, kind, readers), ">= 0.85",
			"%.2f: %.0f/s beside %.0f/s; by CPU %.2f: %.3f ms beside %.3f", ratio(ours.rates, theirs.rates), median(ours.rates), median(theirs.rates),
			ratio(theirs.cpu, ours.cpu), median(ours.cpu), median(theirs.cpu)))
	}
	waits, certificate := got[len(all)], got[0]
	return append(rows, atMost(1.3, ratio(waits.cpu, certificate.cpu), "GET of a completed pending operation beside GET of its certificate, server CPU", "<= 1.3x",
		"%.2fx: %.3f ms beside %.3f ms", ratio(waits.cpu, certificate.cpu), median(waits.cpu), median(certificate.cpu))), nil
}
