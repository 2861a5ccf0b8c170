package sqlstore

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"certwright/internal/files"
	"certwright/internal/store/pgdriver"
)

// CheckPostgres refuses what is not the URL of a PostgreSQL database.
func CheckPostgres(url string) error {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return errors.New("it is neither sqlite nor the URL of a PostgreSQL database\nhint: as in postgres://certwright@db.example/certwright?sslmode=verify-full&passfile=/etc/certwright/pgpass")
	}
	if _, err := pgconn.ParseConfig(url); err != nil { // which leaves passwords out
		return fmt.Errorf("the URL of the database is invalid: %w\nhint: as in postgres://certwright@db.example/certwright", err)
	}
	return nil
}

// Postgres prepares connections to the database of a URL, and makes none.
func Postgres(url string) (*sql.DB, error) {
	if err := errors.Join(CheckPostgres(url), checkPassfile(url)); err != nil {
		return nil, err
	}
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "certwright"
	}
	if config.ConnectTimeout == 0 { // for each host: one that does not answer must leave time for the others
		config.ConnectTimeout = max(dialFor/time.Duration(len(hostsOf(config))+1), time.Second)
	}
	db := sql.OpenDB(pgdriver.Connector{Config: config})
	db.SetMaxIdleConns(0) // each session keeps its own
	return db, nil
}

// checkPassfile refuses a file of passwords that is not there, or that others can
// read, as PostgreSQL's own programs do: they leave out the password without a word
// of it, and the server would refuse one that nobody gave.
func checkPassfile(text string) error {
	_, query, _ := strings.Cut(text, "?") // url.Parse knows no list of hosts
	settings, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("the URL of the database is invalid: %w", err)
	}
	path := cmp.Or(settings.Get("passfile"), os.Getenv("PGPASSFILE"))
	if path == "" {
		return nil
	}
	switch err := files.Private(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the passfile %s is not there\nhint: write it, with a line HOST:PORT:DATABASE:USER:PASSWORD, for this server's user alone: chmod 600 %[1]s", path)
	case err != nil:
		return fmt.Errorf("passfile: %w", err)
	}
	return nil
}

// hostsOf are the hosts of a URL, in its order.
func hostsOf(config *pgconn.Config) []string {
	hosts := []string{config.Host}
	for _, other := range config.Fallbacks {
		if !slices.Contains(hosts, other.Host) {
			hosts = append(hosts, other.Host)
		}
	}
	return hosts
}

// NamePostgres is how people are told of the database of a URL, which may hold a
// password.
func NamePostgres(url string) string {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return "the database"
	}
	return fmt.Sprintf("the database %s at %s", config.Database, strings.Join(hostsOf(config), ", "))
}

// wayOut is an error of connecting with what to do about it, where it is known.
func wayOut(err error) error {
	if err == nil || strings.Contains(err.Error(), "\nhint: ") {
		return err
	}
	var refused *pgconn.PgError
	var name x509.HostnameError
	var stranger x509.UnknownAuthorityError
	var unfit *tls.CertificateVerificationError
	hint := ""
	switch {
	case errors.As(err, &name):
		hint = "the database shows a certificate of another name: write a name of its certificate as host in the URL"
	case errors.As(err, &stranger):
		hint = "the database shows a certificate of an authority that is not trusted: name the file of its authority in the URL, as in sslrootcert=/etc/certwright/db-ca.pem"
	case errors.As(err, &unfit):
		hint = "look at the certificate that the database shows: openssl s_client -starttls postgres -connect HOST:5432"
	case errors.As(err, &refused) && (refused.Code == "28P01" || strings.Contains(refused.Message, "password")):
		hint = "look at the user in the URL, and at its line in the passfile: HOST:PORT:DATABASE:USER:PASSWORD, the first host's where there are several, * for any"
	case errors.As(err, &refused) && refused.Code == "28000":
		hint = "let this server's address and user in, in pg_hba.conf of the database, and look at sslmode in the URL"
	case errors.As(err, &refused) && refused.Code == "3D000":
		hint = "createdb --encoding=UTF8 --template=template0 NAME"
	default:
		return err
	}
	return fmt.Errorf("%w\nhint: %s", err, hint)
}
