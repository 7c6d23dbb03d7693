package login

import (
	"fmt"
	"os"
	"strings"
)

// tokenFile is a service account's token, which the kubelet renews in its file.
type tokenFile string

// GetToken reads it.
func (f tokenFile) GetToken() (string, error) {
	data, err := os.ReadFile(string(f))
	if err != nil {
		return "", fmt.Errorf("token of this pod's service account: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("token of this pod's service account: %s has more than one line", string(f))
	}
	return token, nil
}
