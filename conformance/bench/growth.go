package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// flat is how much dearer anything may be for there being more.
const flat = 1.3

// growth measures what there being more costs: reading any of many certificates,
// and a page of a long list.
func growth(s *stand) ([]row, error) {
	few, err := s.server(small)
	if err != nil {
		return nil, err
	}
	many, err := s.server(large)
	if err != nil {
		return nil, err
	}
	var all []*contender
	for _, v := range []*server{few, many} {
		n := smallCertificates
		if v == many {
			n = s.scale.certificates
		}
		for _, do := range []func(*caller) error{reading("certificates", n, ""), paging("certificates"), paging("secrets")} {
			c, failed := v.contender("growth", readers, do)
			err = errors.Join(err, failed)
			all = append(all, c)
		}
	}
	if err != nil {
		return nil, err
	}
	got, err := s.often().inTurn(all...)
	if err != nil {
		return nil, err
	}
	any := func(i int) float64 { return ratio(got[i+3].cpu, got[i].cpu) }
	rows := []row{atMost(1.5, any(0), fmt.Sprintf("GET of any of %d certificates beside any of %d, server CPU", s.scale.certificates, smallCertificates), "<= 1.5x",
		"%.2fx: %.3f ms beside %.3f ms", any(0), median(got[3].cpu), median(got[0].cpu))}
	for i, kind := range kinds[:2] {
		n := []int{s.scale.certificates, s.scale.secrets}[i]
		at, before := median(got[4+i].cpu), median(got[1+i].cpu)
		rows = append(rows, atMost(0.3, max(at, before), "list page of 25 "+kind+", server CPU", "<= 0.3 ms", "%.2f ms of %d, %.2f ms of %d", before, smallCertificates, at, n),
			atMost(flat, any(1+i), fmt.Sprintf("list page of 25 %s, of %d beside of %d", kind, n, smallCertificates), "flat, <= 1.3x", "%.2fx", any(1+i)))
	}
	return rows, nil
}

// paging reads pages of a list, one after the other from the first one for each
// caller, and begins again after forty.
func paging(kind string) func(*caller) error {
	first := "/" + kind + "?" + query
	return func(c *caller) error {
		if c.next == "" || c.pages >= 40 {
			c.next, c.pages = first, 0
		}
		if err := c.send("GET", c.next, "", http.StatusOK); err != nil {
			return err
		}
		var page struct {
			NextLink string
		}
		if err := json.Unmarshal(c.answer.Bytes(), &page); err != nil {
			return err
		}
		c.pages++
		c.next = strings.TrimPrefix(page.NextLink, c.base.String())
		return nil
	}
}
