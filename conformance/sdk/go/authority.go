package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
)

// The checks of "go issuers" want a server with real authorities behind it,
// played or not, as conformance/issuers sets up. They steer what an authority
// does with orders by POST $STEER_URL/PROVIDER/VERB and by the names they order:
// those below held.test wait, those below blocked.test are refused.
const (
	issues  = "issue"
	holds   = "hold"
	rejects = "reject"
)

// domains are where orders of each sort have their names.
var domains = map[string]string{issues: "ok.test", holds: "held.test", rejects: "blocked.test"}

// An authority is a provider of the server.
type authority struct {
	provider string
	issuer   azcertificates.SetIssuerParameters
	refusal  string // is in what it says when it refuses
	decides  bool   // an operator of the server decides
}

func credentials(account, password string) *azcertificates.IssuerCredentials {
	c := &azcertificates.IssuerCredentials{}
	if account != "" {
		c.AccountID = &account
	}
	if password != "" {
		c.Password = &password
	}
	return c
}

var authorities = []authority{
	{provider: "Careful", refusal: "ask the web team", decides: true},
	{provider: "ACME", issuer: azcertificates.SetIssuerParameters{Credentials: credentials("admin@example.test", "")}, refusal: "blocked.test"},
	{provider: "DigiCert", issuer: azcertificates.SetIssuerParameters{Credentials: credentials("4417", os.Getenv("STEER_KEY")),
		OrganizationDetails: &azcertificates.OrganizationDetails{ID: p("90210")}}, refusal: "not your domain"},
	{provider: "OpenBao", issuer: azcertificates.SetIssuerParameters{Credentials: credentials("", "root")}, refusal: "not allowed by this role"},
}

// authorityChecks are the same story for every authority.
func authorityChecks() (all []check) {
	for _, a := range authorities {
		all = append(all, check{a.provider + ": completed, failed, cancelled, deleted", a.story})
	}
	return all
}

// story leads one certificate through every state that a request can have.
func (a authority) story(ctx context.Context, s *suite) error {
	issuer, name := s.name("at-"+a.provider), s.name("by-"+a.provider)
	a.issuer.Provider = &a.provider
	got, err := s.certificates.SetIssuer(ctx, issuer, a.issuer, nil)
	if err != nil {
		return err
	}
	if *got.Provider != a.provider || !*got.Attributes.Enabled {
		return fmt.Errorf("the issuer is %s, enabled %v", *got.Provider, *got.Attributes.Enabled)
	}
	for _, part := range []struct {
		what string
		do   func(ctx context.Context, s *suite, issuer, name string) error
	}{
		{"completed", a.completed}, {"failed", a.failed}, {"cancelled", a.cancelled}, {"deleted", a.deleted}, {"completed again", a.completed},
	} {
		if err := part.do(ctx, s, issuer, name); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	return nil
}

// ask orders a certificate of a name that the authority treats so.
func (a authority) ask(ctx context.Context, s *suite, issuer, name, verb string) (azcertificates.CreateCertificateResponse, error) {
	if err := steer(ctx, a.provider, verb); err != nil {
		return azcertificates.CreateCertificateResponse{}, err
	}
	policy := selfPolicy("")
	host := strings.ToLower(name) + "." + domains[verb]
	policy.IssuerParameters.Name = &issuer
	policy.X509CertificateProperties.Subject = p("CN=" + host)
	policy.X509CertificateProperties.SubjectAlternativeNames.DNSNames = []*string{&host}
	op, err := s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil)
	if err != nil {
		return op, err
	}
	if *op.Status != "inProgress" || len(op.CSR) == 0 || the(op.RequestID) == "" || *op.IssuerParameters.Name != issuer || op.Error != nil || the(op.StatusDetails) == "" {
		return op, fmt.Errorf("create answered %s %q, csr of %d bytes, error %v", *op.Status, the(op.StatusDetails), len(op.CSR), op.Error)
	}
	return op, nil
}

// end polls an order to its end, which must be that status.
func (a authority) end(ctx context.Context, s *suite, name, want string) (azcertificates.GetCertificateOperationResponse, error) {
	op, err := s.await(ctx, name)
	if err == nil && *op.Status != want {
		err = fmt.Errorf("the order ended %s, want %s; error %v", *op.Status, want, op.Error)
	}
	return op, err
}

func (a authority) completed(ctx context.Context, s *suite, issuer, name string) error {
	asked, err := a.ask(ctx, s, issuer, name, issues)
	if err != nil {
		return err
	}
	if err := a.decide(ctx, s, name, "approve"); err != nil {
		return err
	}
	op, err := a.end(ctx, s, name, "completed")
	if err != nil {
		return err
	}
	if op.Target == nil || op.Error != nil || *op.RequestID != *asked.RequestID || !bytes.Equal(op.CSR, asked.CSR) {
		return fmt.Errorf("completed with target %v, error %v, request %s", op.Target, op.Error, *op.RequestID)
	}
	cert, err := s.certificates.GetCertificate(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if at, _, _ := strings.Cut(*op.Target, "?"); !strings.HasSuffix(at, "/certificates/"+name) {
		return fmt.Errorf("the target is %s", *op.Target)
	}
	return s.agree(ctx, cert.Certificate, "application/x-pkcs12")
}

func (a authority) failed(ctx context.Context, s *suite, issuer, name string) error {
	if _, err := a.ask(ctx, s, issuer, name, rejects); err != nil {
		return err
	}
	if err := a.decide(ctx, s, name, "reject"); err != nil {
		return err
	}
	op, err := a.end(ctx, s, name, "failed")
	if err != nil {
		return err
	}
	if op.Error == nil || op.Error.Code != "Request rejected" || !strings.Contains(op.Error.Error(), a.refusal) || op.Target != nil {
		return fmt.Errorf("the error is %v, want Request rejected with %q", op.Error, a.refusal)
	}
	return nil
}

// held orders what waits, and looks at what may not be done meanwhile.
func (a authority) held(ctx context.Context, s *suite, issuer, name string) error {
	op, err := a.ask(ctx, s, issuer, name, holds)
	if err != nil {
		return err
	}
	chain, err := signed(op.CSR)
	if err != nil {
		return err
	}
	_, merge := s.certificates.MergeCertificate(ctx, name, azcertificates.MergeCertificateParameters{X509Certificates: chain}, nil)
	_, again := s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: selfPolicy("CN=x")}, nil)
	if err := first(refused(merge, 403, "Forbidden"), refused(again, 409, "Forbidden")); err != nil {
		return err
	}
	now, err := s.certificates.GetCertificateOperation(ctx, name, nil)
	if err == nil && (*now.Status != "inProgress" || *now.CancellationRequested) {
		err = fmt.Errorf("the held order is %s", *now.Status)
	}
	return err
}

func (a authority) cancelled(ctx context.Context, s *suite, issuer, name string) error {
	if err := a.held(ctx, s, issuer, name); err != nil {
		return err
	}
	op, err := s.certificates.UpdateCertificateOperation(ctx, name, azcertificates.UpdateCertificateOperationParameter{CancellationRequested: p(true)}, nil)
	if err != nil {
		return err
	}
	if *op.Status != "inProgress" || !*op.CancellationRequested {
		return fmt.Errorf("right after the cancel: %s, %v", *op.Status, *op.CancellationRequested)
	}
	end, err := a.end(ctx, s, name, "cancelled")
	if err == nil && (end.Error != nil || end.Target != nil) {
		err = fmt.Errorf("cancelled with error %v, target %v", end.Error, end.Target)
	}
	return err
}

func (a authority) deleted(ctx context.Context, s *suite, issuer, name string) error {
	if err := a.held(ctx, s, issuer, name); err != nil {
		return err
	}
	op, err := s.certificates.DeleteCertificateOperation(ctx, name, nil)
	if err != nil {
		return err
	}
	if *op.Status != "inProgress" {
		return fmt.Errorf("the deleted order was %s", *op.Status)
	}
	_, err = s.certificates.GetCertificateOperation(ctx, name, nil)
	return refused(err, 404, "PendingCertificateNotFound")
}

// steer tells the authority what to do with the orders that come.
func steer(ctx context.Context, provider, verb string) error {
	return post(ctx, os.Getenv("STEER_URL")+"/"+provider+"/"+verb, "")
}

// decide is an operator's word on an order that asks for one, once it does.
func (a authority) decide(ctx context.Context, s *suite, name, word string) error {
	if !a.decides {
		return nil
	}
	at := os.Getenv("CERTWRIGHT_HTTP_URL") + "/admin/operations/default/" + name
	for {
		op, err := s.certificates.GetCertificateOperation(ctx, name, nil)
		if err != nil {
			return err
		}
		if strings.Contains(the(op.StatusDetails), "approv") {
			return post(ctx, at, `{"decision":"`+word+`","message":"ask the web team"}`)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func post(ctx context.Context, url, body string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s", url, answer.Status)
	}
	return nil
}
