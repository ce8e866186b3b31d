package main

import (
	"encoding/pem"
	"fmt"
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
)

// writeKubeconfig writes the administrator's kubeconfig, which needs no other
// file.
func writeKubeconfig(dir dataDir, server string, ca *authority) error {
	const name, user = "quorate-test", "kubernetes-admin"

	client, err := ca.issueClient(user)
	if err != nil {
		return err
	}
	data, err := clientcmd.Write(clientcmdapi.Config{
		CurrentContext: name,
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: user}},
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: server, CertificateAuthorityData: ca.pem}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: {ClientCertificateData: client.cert, ClientKeyData: client.key}},
	})
	if err != nil {
		return fmt.Errorf("encoding the kubeconfig: %w", err)
	}
	return replaceFile(dir.kubeconfig(), data, 0o600)
}

// adminClient is the client of commands that work on a running server.
func adminClient(dir dataDir) (*kubernetes.Clientset, error) {
	if _, err := os.Stat(dir.kubeconfig()); err != nil {
		return nil, fmt.Errorf("no server was ever started in %s (run \"serve --data-dir\" first): %w", dir, err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", dir.kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir.kubeconfig(), err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("using %s: %w", dir.kubeconfig(), err)
	}
	return client, nil
}

// controllerConfig is for this process's own requests. They have a user of
// their own, so that an audit log tells them from a test's.
func controllerConfig(server string, ca *authority) (*rest.Config, error) {
	client, err := ca.issueClient("system:kube-controller-manager")
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: server,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   ca.pem,
			CertData: client.cert,
			KeyData:  client.key,
		},
		// Controllers of one small test cluster need no throttle.
		QPS: -1,
	}, nil
}

// forComponent names the component in the user agent.
func forComponent(config *rest.Config, component string) *rest.Config {
	return rest.AddUserAgent(rest.CopyConfig(config), component)
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: der})
}
