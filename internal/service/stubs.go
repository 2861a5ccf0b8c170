package service

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

var errUnbuilt = errors.New("not built yet")

type Service struct{}

func (s *Service) CreateCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, in CreateInput) (r vault.Operation, err error) { return r, errUnbuilt }
func (s *Service) ImportCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, in ImportInput) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) GetCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, version string) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) UpdateCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, version string, in UpdateInput) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) DeleteCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) ListCertificates(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) ListCertificateVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) GetPolicy(ctx context.Context, who vault.Caller, ref vault.Ref) (r vault.Policy, err error) { return r, errUnbuilt }
func (s *Service) UpdatePolicy(ctx context.Context, who vault.Caller, ref vault.Ref, patch vault.PolicyPatch) (r vault.Policy, err error) { return r, errUnbuilt }
func (s *Service) GetOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (r vault.Operation, err error) { return r, errUnbuilt }
func (s *Service) UpdateOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string, cancel bool) (r vault.Operation, err error) { return r, errUnbuilt }
func (s *Service) DeleteOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (r vault.Operation, err error) { return r, errUnbuilt }
func (s *Service) MergeCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, in MergeInput) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) BackupCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (r []byte, err error) { return r, errUnbuilt }
func (s *Service) RestoreCertificate(ctx context.Context, who vault.Caller, vaultName, base string, blob []byte) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) GetDeletedCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) PurgeCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) error { return errUnbuilt }
func (s *Service) RecoverCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (r Certificate, err error) { return r, errUnbuilt }
func (s *Service) GetContacts(ctx context.Context, who vault.Caller, vaultName string) (r []vault.Contact, err error) { return r, errUnbuilt }
func (s *Service) PutContacts(ctx context.Context, who vault.Caller, vaultName string, c []vault.Contact) (r []vault.Contact, err error) { return r, errUnbuilt }
func (s *Service) DeleteContacts(ctx context.Context, who vault.Caller, vaultName string) (r []vault.Contact, err error) { return r, errUnbuilt }
func (s *Service) ListIssuers(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (r Page[vault.IssuerConfig], err error) { return r, errUnbuilt }
func (s *Service) GetIssuer(ctx context.Context, who vault.Caller, vaultName, name string) (r vault.IssuerConfig, err error) { return r, errUnbuilt }
func (s *Service) PutIssuer(ctx context.Context, who vault.Caller, vaultName, name string, in IssuerInput) (r vault.IssuerConfig, err error) { return r, errUnbuilt }
func (s *Service) UpdateIssuer(ctx context.Context, who vault.Caller, vaultName, name string, in IssuerInput) (r vault.IssuerConfig, err error) { return r, errUnbuilt }
func (s *Service) DeleteIssuer(ctx context.Context, who vault.Caller, vaultName, name string) (r vault.IssuerConfig, err error) { return r, errUnbuilt }
func (s *Service) GetKey(ctx context.Context, who vault.Caller, ref vault.Ref, version string) (r Key, err error) { return r, errUnbuilt }
func (s *Service) ListKeys(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) ListKeyVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) GetDeletedKey(ctx context.Context, who vault.Caller, ref vault.Ref) (r Key, err error) { return r, errUnbuilt }
func (s *Service) GetSecret(ctx context.Context, who vault.Caller, ref vault.Ref, version string) (r Secret, err error) { return r, errUnbuilt }
func (s *Service) ListSecrets(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) ListSecretVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (r Page[vault.Entry], err error) { return r, errUnbuilt }
func (s *Service) GetDeletedSecret(ctx context.Context, who vault.Caller, ref vault.Ref) (r Secret, err error) { return r, errUnbuilt }
func (s *Service) RefuseDirectWrite(ctx context.Context, who vault.Caller, ref vault.Ref, do vault.Action, verb string) error { return errUnbuilt }
