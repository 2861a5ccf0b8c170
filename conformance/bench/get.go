package main

import (
	"encoding/json"
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

// gets measures what clients ask for most, beside as many bytes from bare
// net/http: with its own headers, which the bar is held against, and with the
// eleven that the service sends.
func gets(s *stand) ([]row, error) {
	v, err := s.server(small)
	if err != nil {
		return nil, err
	}
	var all []*contender
	for _, kind := range kinds {
		three, err := s.besideBare(v, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, three...)
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
		ours, theirs, alike := got[3*i], got[3*i+1], got[3*i+2]
		rows = append(rows, atLeast(0.85, ratio(ours.rates, theirs.rates), fmt.Sprintf("GET of one of %d %s, %d callers, beside bare net/http with as many bytes", hot, kind, readers), ">= 0.85",
			"%.2f: %.0f/s beside %.0f/s; by CPU %.2f: %.3f ms beside %.3f; where it sends the same headers %.2f, by CPU %.2f", ratio(ours.rates, theirs.rates), median(ours.rates), median(theirs.rates),
			ratio(theirs.cpu, ours.cpu), median(ours.cpu), median(theirs.cpu), ratio(ours.rates, alike.rates), ratio(alike.cpu, ours.cpu)))
	}
	waits, certificate := got[len(all)], got[0]
	return append(rows, atMost(1.3, ratio(waits.cpu, certificate.cpu), "GET of a completed pending operation beside GET of its certificate, server CPU", "<= 1.3x",
		"%.2fx: %.3f ms beside %.3f ms", ratio(waits.cpu, certificate.cpu), median(waits.cpu), median(certificate.cpu))), nil
}

var kinds = []string{"certificates", "secrets", "keys"}

// besideBare are a GET, as many bytes from the bare server, and those with the
// same headers.
func (s *stand) besideBare(v *server, kind string) ([]*contender, error) {
	bare, err := s.bareServer()
	if err != nil {
		return nil, err
	}
	bare.header = v.header // tokens as long
	ours, err := v.contender(kind, readers, reading(kind, hot, ""))
	theirs, failed := bare.contender("bare", readers, nil)
	alike, failedToo := bare.contender("bare, same headers", readers, nil)
	if err := errors.Join(err, failed, failedToo); err != nil {
		return nil, err
	}
	one := ours.callers[0]
	if err := ours.do(one); err != nil {
		return nil, err
	}
	size := "/" + strconv.Itoa(one.answer.Len())
	one.said.Del("Date") // net/http's own
	learned, err := json.Marshal(one.said)
	if err != nil {
		return nil, err
	}
	theirs.do = func(c *caller) error { return c.send("GET", size, "", http.StatusOK) }
	alike.do = func(c *caller) error { return c.send("GET", size+"/headers", "", http.StatusOK) }
	return []*contender{ours, theirs, alike}, alike.callers[0].send("PUT", "/", string(learned), http.StatusOK)
}
