package cql

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/region"
)

// passwordVariable holds the password of --username where nobody can be asked.
const passwordVariable = "RINGSPAN_CQL_PASSWORD"

// login is that of --username, else the ring's superuser's.
func (c *run) login(ctx context.Context, t region.Node) (username, password string, err error) {
	if c.username == "" {
		return superuser(ctx, t)
	}
	if password, ok := os.LookupEnv(passwordVariable); ok {
		return c.username, password, nil
	}
	in, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", "", fmt.Errorf("--username: there is no terminal to ask for the password on; set $%s", passwordVariable)
	}
	fmt.Fprintf(c.errOut, "Password of %s: ", c.username)
	typed, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(c.errOut)
	return c.username, string(typed), err
}

// superuser reads the ring's Secret; a ring without one has no login.
func superuser(ctx context.Context, t region.Node) (username, password string, err error) {
	name := t.Datacenter.Spec.SuperuserSecretName
	if name == "" {
		name = datacenter.NamesOf(&t.Datacenter).SuperuserSecret()
	}
	var secret corev1.Secret
	err = t.Region.Client.Get(ctx, client.ObjectKey{Namespace: t.Datacenter.Namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) && t.Datacenter.Spec.SuperuserSecretName == "" {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("the superuser's login, Secret %s in region %s: %w", name, t.Region.Name, err)
	}
	return string(secret.Data["username"]), string(secret.Data["password"]), nil
}
