package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"gopkg.in/go-jose/go-jose.v2/jwt"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/serviceaccount"
)

// minTokenLife is the shortest life that the API itself gives a token.
const minTokenLife = 10 * time.Minute

type tokenRequest struct {
	dir            dataDir
	namespace      string
	serviceAccount string
	pod            string
	expiresIn      time.Duration
}

func tokenCommand(args []string) error {
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	var r tokenRequest
	dir := flags.String("data-dir", "", "the running server's data `directory` (required)")
	flags.StringVar(&r.namespace, "namespace", "", "the service account's `namespace` (required)")
	flags.StringVar(&r.serviceAccount, "serviceaccount", "", "the service account's `name` (required)")
	flags.StringVar(&r.pod, "pod", "", "bind the token to this `pod`")
	flags.DurationVar(&r.expiresIn, "expires-in", minTokenLife, "time to the token's expiry in whole seconds; negative for one in the past")
	if err := parse(flags, args, false); err != nil {
		return err
	}
	if *dir == "" || r.namespace == "" || r.serviceAccount == "" {
		return usageError(flags, "--data-dir, --namespace and --serviceaccount are required")
	}
	r.dir = dataDir(*dir)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	token, err := mintToken(ctx, r)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}

// mintToken does what the TokenRequest API does, for lifetimes that it refuses.
func mintToken(ctx context.Context, r tokenRequest) (string, error) {
	client, err := adminClient(r.dir)
	if err != nil {
		return "", err
	}
	account, err := client.CoreV1().ServiceAccounts(r.namespace).Get(ctx, r.serviceAccount, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("looking up the service account %s/%s: %w", r.namespace, r.serviceAccount, err)
	}
	var pod *core.Pod
	var node *core.Node
	if r.pod != "" {
		if pod, node, err = lookUpPod(ctx, client, r); err != nil {
			return "", err
		}
	}

	claims, private, err := serviceaccount.Claims(
		core.ServiceAccount{ObjectMeta: account.ObjectMeta}, pod, nil, node,
		int64(r.expiresIn/time.Second), 0, []string{issuer})
	if err != nil {
		return "", fmt.Errorf("making the token's claims: %w", err)
	}
	if r.expiresIn <= 0 {
		// A token is never issued after it has expired.
		issued := jwt.NewNumericDate(claims.Expiry.Time().Add(-minTokenLife))
		claims.IssuedAt, claims.NotBefore = issued, issued
	}

	key, err := keyutil.PrivateKeyFromFile(r.dir.pki(saKey))
	if err != nil {
		return "", fmt.Errorf("reading the signing key %s: %w", r.dir.pki(saKey), err)
	}
	generator, err := serviceaccount.JWTTokenGenerator(issuer, key)
	if err != nil {
		return "", fmt.Errorf("using the signing key %s: %w", r.dir.pki(saKey), err)
	}
	token, err := generator.GenerateToken(ctx, claims, private)
	if err != nil {
		return "", fmt.Errorf("signing the token: %w", err)
	}
	return token, nil
}

// lookUpPod returns the pod and its node. A node that has no Node object is
// only a name, as in the real API.
func lookUpPod(ctx context.Context, client kubernetes.Interface, r tokenRequest) (*core.Pod, *core.Node, error) {
	pod, err := client.CoreV1().Pods(r.namespace).Get(ctx, r.pod, metav1.GetOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("looking up the pod %s/%s: %w", r.namespace, r.pod, err)
	}
	if pod.Spec.ServiceAccountName != r.serviceAccount {
		return nil, nil, fmt.Errorf("pod %s/%s runs as service account %q, so its token cannot be for %q", r.namespace, r.pod, pod.Spec.ServiceAccountName, r.serviceAccount)
	}
	bound := &core.Pod{ObjectMeta: pod.ObjectMeta}
	if pod.Spec.NodeName == "" {
		return bound, nil, nil
	}
	node := &core.Node{ObjectMeta: metav1.ObjectMeta{Name: pod.Spec.NodeName}}
	found, err := client.CoreV1().Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return nil, nil, fmt.Errorf("looking up the node %s: %w", pod.Spec.NodeName, err)
	default:
		node.UID = found.UID
	}
	return bound, node, nil
}
