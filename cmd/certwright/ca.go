package main

import (
	"fmt"
	"net/http"
	"net/url"
)

type caCommand struct {
	Rollover rolloverCommand `cmd:"" help:"Give an own CA a new issuing certificate; the old one keeps its CRL."`
}

type rolloverCommand struct {
	running  `embed:""`
	Provider string `arg:"" optional:"" default:"Internal" help:"The provider, as the configuration names it (Internal)."`
}

// Run rolls the issuing certificate over.
func (c rolloverCommand) Run(to streams) error {
	r, err := c.find()
	if err != nil {
		return err
	}
	if err := call(r, http.MethodPost, "/admin/ca/"+url.PathEscape(c.Provider)+"/rollover", nil, nil); err != nil {
		return hinted(err, "name a provider of kind ca")
	}
	fmt.Fprintf(to.err, "%s has a new issuing certificate\n", c.Provider)
	return nil
}
