package up

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/preview/live"
	"github.com/ringspan/ringspan/internal/region"
)

// consent asks for each ring of the file that wants it whether what the edit does to its nodes may be done, and allows that. Of a
// region that doesn't answer nothing is asked: what is changed there waits for the next up.
func (u *run) consent(ctx context.Context) error {
	if u.bare() {
		return nil
	}
	regions, err := inventory.RunningRegions(ctx, u.file.Fleet.Name)
	if err != nil || len(regions) == 0 {
		return err
	}
	for i := range u.file.Rings {
		if err := u.consentTo(ctx, regions, &u.file.Rings[i]); err != nil {
			return err
		}
	}
	return nil
}

func (u *run) consentTo(ctx context.Context, regions []region.Region, k *fleet.Ring) error {
	edit := live.Edit{Object: k.Object, Owner: lifecycle.FieldOwner}
	if !live.AsksConsent(ctx, regions, edit) {
		return nil
	}
	report, err := live.Foretell(ctx, regions, edit)
	if err != nil || len(report.Waiting()) == 0 {
		return err
	}
	var text strings.Builder
	live.Render(&text, report, live.Source{Path: u.file.Path, Line: k.Line})
	if !u.yes {
		if err := u.askConsent(ctx, k.Name, text.String()); err != nil {
			return fmt.Errorf("nothing was made: %w", err)
		}
	} else {
		fmt.Fprint(u.errOut, text.String())
	}
	return live.Consent(ctx, regions, report)
}

var errNobodyToAsk = errors.New("the ring asks for consent to changes that restart or remove nodes, and there is no terminal to ask on: say --yes if that is meant")

func (u *run) askConsent(ctx context.Context, ring, text string) error {
	if !terminal.Is(u.in) || !terminal.Is(u.errOut) {
		return fmt.Errorf("%w\n%s", errNobodyToAsk, text)
	}
	return terminal.Ask(ctx, u.in, u.errOut, fmt.Sprintf("%s\nType the ring's name, %s, to let that happen: ", text, ring), ring)
}
