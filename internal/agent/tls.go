package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// useTLS turns mutual TLS on when all three files are named. They are read
// again at every handshake, so that rotated certificates take effect.
func useTLS(server *http.Server, getenv func(string) string) error {
	ca, cert, key := getenv("MGMT_API_TLS_CA_CERT_FILE"), getenv("MGMT_API_TLS_CERT_FILE"), getenv("MGMT_API_TLS_KEY_FILE")
	switch {
	case ca == "" && cert == "" && key == "":
		return nil
	case ca == "" || cert == "" || key == "":
		return errors.New("MGMT_API_TLS_CA_CERT_FILE, MGMT_API_TLS_CERT_FILE and MGMT_API_TLS_KEY_FILE belong together: set all or none")
	}
	load := func() (*tls.Config, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", ca)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}, nil
	}
	first, err := load()
	if err != nil {
		return err
	}
	first.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return load() }
	server.TLSConfig = first
	return nil
}

// siginfoPID is si_pid, which the library does not export: the first field of
// the union behind three integers, aligned to eight bytes.
func siginfoPID(info *unix.Siginfo) int {
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(info), 16))) //nolint:gosec // inside the kernel's own structure
}
