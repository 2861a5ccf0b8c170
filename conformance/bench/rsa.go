package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// pace is how often an RSA certificate is asked for.
const pace = 250 * time.Millisecond

// paced measures how long a caller in no hurry waits for RSA certificates, whose
// keys are made beforehand.
func paced(s *stand) ([]row, error) {
	v, err := s.server(busy)
	if err != nil {
		return nil, err
	}
	all, err := v.callers(1)
	if err != nil {
		return nil, err
	}
	make := creating(selfRSA)
	if err := make(all[0]); err != nil { // the first one of all begins the pool
		return nil, err
	}
	quiet(v.pid, rest)
	took := []float64{}
	before := used(v.pid)
	for next := time.Now(); len(took) < s.paced; next = next.Add(pace) {
		time.Sleep(time.Until(next))
		began := time.Now()
		if err := make(all[0]); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	cpu := (used(v.pid) - before).Seconds() * 1000 / float64(len(took))
	slices.Sort(took)
	p50, p95 := took[len(took)/2], took[len(took)*95/100]
	return []row{atMost(10, p50, fmt.Sprintf("RSA-2048 Self, create and first GET, one every %v: p50", pace), "<= 10 ms",
		"%.1f ms, p95 %.1f ms, %.0f ms of CPU each, over %d", p50, p95, cpu, len(took))}, nil
}

// signs measures signing by an RSA key beside a bare server that makes the same call.
func signs(s *stand) ([]row, error) {
	v, err := s.server(busy)
	if err != nil {
		return nil, err
	}
	bare, err := s.bareServer()
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("bench"))
	body := `{"alg":"RS256","value":"` + base64.RawURLEncoding.EncodeToString(digest[:]) + `"}`
	sign := func(c *caller) error { return c.send("POST", "/keys/sign/sign", body, http.StatusOK) }
	ours, err := v.contender("sign", readers, sign)
	theirs, failed := bare.contender("bare sign", readers, sign)
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	if err := ours.callers[0].send("POST", "/keys/sign/create", `{"kty":"RSA","key_size":2048}`, http.StatusOK); err != nil {
		return nil, err
	}
	quiet(v.pid, rest)
	got, err := s.often().inTurn(ours, theirs)
	if err != nil {
		return nil, err
	}
	rate := ratio(got[0].rates, got[1].rates)
	return []row{atLeast(0.8, rate, "sign by RSA-2048, 8 callers, beside bare net/http that makes the same call", ">= 0.8",
		"%.2f: %.0f/s, %.2f ms of CPU each, beside %.0f/s, %.2f ms", rate, median(got[0].rates), median(got[0].cpu), median(got[1].rates), median(got[1].cpu))}, nil
}
