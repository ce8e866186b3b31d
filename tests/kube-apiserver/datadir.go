package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dataDir is everything a server keeps: with it a second start is the same
// cluster on the same address, and the other commands find the server.
type dataDir string

func (d dataDir) path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

func (d dataDir) etcd() string          { return d.path("etcd") }
func (d dataDir) etcdClientURL() string { return d.path("etcd-client-url") }
func (d dataDir) port() string          { return d.path("port") }
func (d dataDir) kubeconfig() string    { return d.path("admin.kubeconfig") }
func (d dataDir) auditPolicy() string   { return d.path("audit-policy.yaml") }
func (d dataDir) auditLog() string      { return d.path("audit.log") }
func (d dataDir) pki(name string) string {
	return d.path("pki", name)
}

// openDataDir creates and locks the directory. The lock is the kernel's, so it
// is gone with the process however that ends.
func openDataDir(name string) (dataDir, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("data directory %q: %w", name, err)
	}
	d := dataDir(abs)
	if err := os.MkdirAll(d.path("pki"), 0o700); err != nil {
		return "", fmt.Errorf("creating the data directory: %w", err)
	}
	// The descriptor stays open until the process ends: it holds the lock.
	lock, err := syscall.Open(d.path("lock"), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", d.path("lock"), err)
	}
	if err := syscall.Flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return "", fmt.Errorf("data directory %s is in use by another server (stop it, or give each server its own --data-dir): %w", d, err)
	}
	return d, nil
}

// listen binds the API server's port: the given one, else the one this
// directory had before, else any free one.
func (d dataDir) listen(port int) (net.Listener, error) {
	if port == 0 {
		saved, err := os.ReadFile(d.port())
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("reading the port of the last start: %w", err)
		default:
			if port, err = strconv.Atoi(strings.TrimSpace(string(saved))); err != nil {
				return nil, fmt.Errorf("%s does not hold a port number (remove it to have a new port chosen): %w", d.port(), err)
			}
		}
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("binding the API server's port (--port, or %s from the last start): %w", d.port(), err)
	}
	port = listener.Addr().(*net.TCPAddr).Port
	if err := replaceFile(d.port(), []byte(strconv.Itoa(port)+"\n"), 0o644); err != nil {
		return nil, err
	}
	return listener, nil
}

// replaceFile writes a file whole or not at all, so that a kill in the middle
// leaves nothing that the next start would trip over.
func replaceFile(name string, data []byte, mode os.FileMode) error {
	temporary := name + ".new"
	if err := os.WriteFile(temporary, data, mode); err != nil {
		return fmt.Errorf("writing %s: %w", temporary, err)
	}
	if err := os.Rename(temporary, name); err != nil {
		return fmt.Errorf("replacing %s: %w", name, err)
	}
	return nil
}
