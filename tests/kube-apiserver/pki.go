package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	// The names kubeadm gives these files.
	caCert      = "ca.crt"
	caKey       = "ca.key"
	servingCert = "apiserver.crt"
	servingKey  = "apiserver.key"
	saKey       = "sa.key"

	validity = 10 * 365 * 24 * time.Hour
)

// authority is the one CA of the cluster, for the server's certificate and for
// client certificates.
type authority struct {
	cert *x509.Certificate
	pem  []byte
	key  crypto.Signer
}

// keyPair is a certificate and its key, both PEM.
type keyPair struct{ cert, key []byte }

// loadPKI makes the CA and the service-account key on the first start and
// reads them on later ones. The serving certificate is issued anew each time:
// clients trust the CA.
func loadPKI(dir dataDir) (*authority, error) {
	ca, err := loadAuthority(dir)
	if err != nil {
		return nil, err
	}
	serving, err := ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
	})
	if err != nil {
		return nil, err
	}
	if err := replaceFile(dir.pki(servingKey), serving.key, 0o600); err != nil {
		return nil, err
	}
	if err := replaceFile(dir.pki(servingCert), serving.cert, 0o644); err != nil {
		return nil, err
	}
	if _, err := loadKey(dir.pki(saKey), newServiceAccountKey); err != nil {
		return nil, err
	}
	return ca, nil
}

func loadAuthority(dir dataDir) (*authority, error) {
	key, err := loadKey(dir.pki(caKey), newKey)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir.pki(caCert)); errors.Is(err, fs.ErrNotExist) {
		root, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "kubernetes"}, key)
		if err != nil {
			return nil, fmt.Errorf("making the CA certificate: %w", err)
		}
		if err := replaceFile(dir.pki(caCert), certPEM(root.Raw), 0o644); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(dir.pki(caCert))
	if err != nil {
		return nil, fmt.Errorf("reading the CA certificate: %w", err)
	}
	certs, err := cert.ParseCertsPEM(data)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", dir.pki(caCert), err)
	}
	return &authority{cert: certs[0], pem: data, key: key}, nil
}

// issueClient makes a client certificate for a user of the group that may do
// everything.
func (ca *authority) issueClient(user string) (*keyPair, error) {
	return ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (ca *authority) issue(template *x509.Certificate) (*keyPair, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = ca.cert.NotBefore
	template.NotAfter = time.Now().Add(validity)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("issuing the certificate of %s: %w", template.Subject.CommonName, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of %s: %w", template.Subject.CommonName, err)
	}
	return &keyPair{cert: certPEM(der), key: keyPEM}, nil
}

// loadKey reads a private key, which it first makes if there is none.
func loadKey(name string, generate func() (crypto.Signer, error)) (crypto.Signer, error) {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		key, err := generate()
		if err != nil {
			return nil, err
		}
		data, err := keyutil.MarshalPrivateKeyToPEM(key)
		if err != nil {
			return nil, fmt.Errorf("encoding the key for %s: %w", name, err)
		}
		if err := replaceFile(name, data, 0o600); err != nil {
			return nil, err
		}
	}
	key, err := keyutil.PrivateKeyFromFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the key %s: %w", name, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("the key %s, a %T, cannot sign", name, key)
	}
	return signer, nil
}

func newKey() (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}

// newServiceAccountKey makes an RSA key, as nearly every cluster has: its
// tokens are RS256.
func newServiceAccountKey() (crypto.Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making the service-account key: %w", err)
	}
	return key, nil
}
