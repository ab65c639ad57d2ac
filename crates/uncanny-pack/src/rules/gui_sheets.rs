//! Where the sprites lie in the game's old sheets, as data.
//!
//! The figures are facts of the game's layout as listed by Mojang/slicer (MIT, Copyright (c) Microsoft
//! Corporation), whose 1.14, 1.20.2 and 1.20.5 parts cut exactly these sheets, arranged anew as grids; sheets
//! and icons that slicer leaves out (28-pixel creative tabs, the 1.12 map icons) are from the game's public
//! documentation [?: a wrong rectangle only moves a seam].

use super::versions::Versions;

/// A grid of equal sprites: left, top, width and height of the first, columns, rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid(
    pub(super) u32,
    pub(super) u32,
    pub(super) u32,
    pub(super) u32,
    pub(super) u32,
    pub(super) u32,
);

/// A sheet: its path under `textures/`, its usual size, its sprites.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub(super) path: &'static str,
    pub(super) size: (u32, u32),
    pub(super) sprites: &'static [Grid],
}

const fn sheet(path: &'static str, side: u32, sprites: &'static [Grid]) -> Sheet {
    Sheet {
        path,
        size: (side, side),
        sprites,
    }
}

/// The window of most containers.
const WINDOW: Grid = Grid(0, 0, 176, 166, 1, 1);
const ERROR: Grid = Grid(176, 0, 28, 21, 1, 1);
const FURNACE: &[Grid] = &[
    WINDOW,
    Grid(176, 0, 14, 14, 1, 1),
    Grid(176, 14, 24, 16, 1, 1),
];
const INVENTORY: &[Grid] = &[
    WINDOW,
    Grid(0, 166, 120, 32, 1, 1),
    Grid(141, 166, 24, 24, 2, 1),
    Grid(0, 198, 32, 32, 1, 1),
];
const INVENTORY_WITH_EFFECTS: &[Grid] = &[
    WINDOW,
    Grid(0, 166, 120, 32, 1, 1),
    Grid(141, 166, 24, 24, 2, 1),
    Grid(0, 198, 18, 18, 14, 3),
];
const TABS: &[Grid] = &[Grid(0, 0, 26, 32, 7, 4), Grid(232, 0, 12, 15, 2, 1)];
const WIDE_TABS: &[Grid] = &[Grid(0, 0, 28, 32, 6, 4), Grid(232, 0, 12, 15, 2, 1)];

const SHEETS: &[Sheet] = &[
    sheet(
        "gui/widgets.png",
        256,
        &[
            Grid(0, 0, 182, 22, 1, 1),
            Grid(0, 22, 24, 24, 1, 1),
            Grid(24, 22, 29, 24, 2, 1),
            Grid(182, 24, 15, 15, 1, 1),
            Grid(0, 46, 200, 20, 1, 3),
            Grid(0, 106, 20, 20, 1, 2),
            Grid(0, 146, 20, 20, 2, 3),
        ],
    ),
    sheet(
        "gui/icons.png",
        256,
        &[
            Grid(0, 0, 15, 15, 1, 1),
            Grid(16, 0, 9, 9, 20, 6),
            Grid(0, 64, 182, 5, 1, 6),
            Grid(0, 94, 18, 18, 2, 1),
            Grid(36, 94, 16, 4, 2, 1),
            Grid(68, 94, 16, 16, 1, 1),
            Grid(0, 176, 10, 8, 2, 6),
        ],
    ),
    sheet("gui/bars.png", 256, &[Grid(0, 0, 182, 5, 1, 24)]),
    sheet(
        "gui/book.png",
        256,
        &[Grid(20, 1, 146, 180, 1, 1), Grid(0, 192, 23, 13, 2, 2)],
    ),
    sheet("gui/chat_tags.png", 32, &[Grid(0, 0, 9, 9, 1, 1)]),
    sheet("gui/checkbox.png", 64, &[Grid(0, 0, 20, 20, 2, 2)]),
    sheet(
        "gui/demo_background.png",
        256,
        &[Grid(0, 0, 248, 166, 1, 1)],
    ),
    sheet(
        "gui/recipe_book.png",
        256,
        &[
            Grid(0, 0, 149, 168, 1, 1),
            Grid(153, 2, 35, 27, 2, 1),
            Grid(152, 41, 26, 16, 1, 1),
            Grid(180, 41, 26, 16, 1, 1),
            Grid(152, 59, 26, 16, 1, 1),
            Grid(180, 59, 26, 16, 1, 1),
            Grid(152, 78, 24, 24, 1, 1),
            Grid(178, 78, 24, 24, 1, 1),
            Grid(152, 104, 24, 24, 1, 1),
            Grid(178, 104, 24, 24, 1, 1),
            Grid(152, 130, 24, 24, 1, 1),
            Grid(178, 130, 24, 24, 1, 1),
            Grid(152, 156, 24, 24, 1, 1),
            Grid(178, 156, 24, 24, 1, 1),
            Grid(152, 182, 26, 16, 1, 1),
            Grid(180, 182, 26, 16, 1, 1),
            Grid(152, 200, 26, 16, 1, 1),
            Grid(180, 200, 26, 16, 1, 1),
            Grid(1, 208, 12, 17, 1, 1),
            Grid(14, 208, 12, 17, 1, 1),
            Grid(1, 226, 12, 17, 1, 1),
            Grid(14, 226, 12, 17, 1, 1),
            Grid(29, 206, 25, 25, 2, 2),
            Grid(82, 208, 32, 32, 1, 1),
        ],
    ),
    sheet(
        "gui/recipe_button.png",
        256,
        &[Grid(0, 0, 20, 18, 1, 1), Grid(0, 19, 20, 18, 1, 1)],
    ),
    sheet("gui/report_button.png", 64, &[Grid(0, 0, 20, 20, 1, 3)]),
    sheet("gui/resource_packs.png", 256, &[Grid(0, 0, 32, 32, 4, 2)]),
    sheet(
        "gui/server_selection.png",
        256,
        &[Grid(0, 0, 32, 32, 1, 2), Grid(64, 0, 32, 32, 2, 2)],
    ),
    sheet("gui/slider.png", 256, &[Grid(0, 0, 200, 20, 1, 4)]),
    sheet(
        "gui/social_interactions.png",
        256,
        &[
            Grid(1, 1, 236, 34, 1, 1),
            Grid(243, 1, 12, 12, 1, 1),
            Grid(0, 38, 20, 20, 2, 2),
        ],
    ),
    sheet(
        "gui/spectator_widgets.png",
        256,
        &[Grid(0, 0, 16, 16, 2, 1), Grid(128, 0, 16, 16, 3, 1)],
    ),
    sheet("gui/tab_button.png", 256, &[Grid(0, 0, 130, 24, 1, 4)]),
    sheet(
        "gui/toasts.png",
        256,
        &[Grid(0, 0, 160, 32, 1, 4), Grid(176, 0, 20, 20, 4, 2)],
    ),
    sheet("gui/world_selection.png", 256, &[Grid(0, 0, 32, 32, 4, 2)]),
    sheet(
        "gui/advancements/tabs.png",
        256,
        &[Grid(0, 0, 28, 32, 6, 2), Grid(0, 64, 32, 28, 6, 2)],
    ),
    sheet(
        "gui/advancements/widgets.png",
        256,
        &[Grid(0, 0, 200, 26, 1, 3), Grid(0, 128, 26, 26, 3, 2)],
    ),
    sheet(
        "gui/advancements/window.png",
        256,
        &[Grid(0, 0, 252, 140, 1, 1)],
    ),
    sheet(
        "gui/container/anvil.png",
        256,
        &[WINDOW, ERROR, Grid(0, 166, 110, 16, 1, 2)],
    ),
    sheet(
        "gui/container/beacon.png",
        256,
        &[
            Grid(0, 0, 230, 219, 1, 1),
            Grid(0, 219, 22, 22, 4, 1),
            Grid(90, 220, 18, 18, 1, 1),
            Grid(112, 220, 18, 18, 1, 1),
        ],
    ),
    sheet("gui/container/blast_furnace.png", 256, FURNACE),
    sheet(
        "gui/container/brewing_stand.png",
        256,
        &[
            WINDOW,
            Grid(176, 0, 9, 28, 1, 1),
            Grid(185, 0, 12, 29, 1, 1),
            Grid(176, 29, 18, 4, 1, 1),
        ],
    ),
    sheet(
        "gui/container/bundle.png",
        128,
        &[Grid(0, 0, 18, 20, 1, 1), Grid(0, 40, 18, 20, 1, 1)],
    ),
    sheet(
        "gui/container/bundle_background.png",
        256,
        &[Grid(0, 0, 32, 32, 1, 1)],
    ),
    sheet(
        "gui/container/cartography_table.png",
        256,
        &[
            WINDOW,
            Grid(176, 0, 66, 66, 1, 2),
            Grid(176, 132, 50, 66, 1, 1),
            Grid(226, 132, 28, 21, 1, 1),
            Grid(52, 214, 10, 14, 1, 1),
        ],
    ),
    sheet("gui/container/crafter.png", 256, &[WINDOW]),
    sheet("gui/container/crafting_table.png", 256, &[WINDOW]),
    sheet(
        "gui/container/creative_inventory/tab_inventory.png",
        256,
        &[Grid(0, 0, 195, 136, 1, 1)],
    ),
    sheet(
        "gui/container/creative_inventory/tab_item_search.png",
        256,
        &[Grid(0, 0, 195, 136, 1, 1)],
    ),
    sheet(
        "gui/container/creative_inventory/tab_items.png",
        256,
        &[Grid(0, 0, 195, 136, 1, 1)],
    ),
    sheet("gui/container/creative_inventory/tabs.png", 256, TABS),
    sheet("gui/container/dispenser.png", 256, &[WINDOW]),
    sheet(
        "gui/container/enchanting_table.png",
        256,
        &[
            WINDOW,
            Grid(0, 166, 108, 19, 1, 3),
            Grid(0, 223, 16, 16, 3, 2),
        ],
    ),
    sheet("gui/container/furnace.png", 256, FURNACE),
    sheet(
        "gui/container/gamemode_switcher.png",
        128,
        &[Grid(0, 0, 125, 75, 1, 1), Grid(0, 75, 26, 26, 2, 1)],
    ),
    sheet(
        "gui/container/generic_54.png",
        256,
        &[Grid(0, 0, 176, 222, 1, 1)],
    ),
    sheet("gui/container/grindstone.png", 256, &[WINDOW, ERROR]),
    sheet(
        "gui/container/hopper.png",
        256,
        &[Grid(0, 0, 176, 133, 1, 1)],
    ),
    sheet(
        "gui/container/horse.png",
        256,
        &[
            WINDOW,
            Grid(0, 166, 90, 54, 1, 1),
            Grid(0, 220, 18, 18, 3, 1),
        ],
    ),
    sheet("gui/container/inventory.png", 256, INVENTORY),
    sheet(
        "gui/container/loom.png",
        256,
        &[
            WINDOW,
            Grid(176, 0, 16, 16, 3, 1),
            Grid(232, 0, 12, 15, 2, 1),
            Grid(176, 17, 17, 16, 1, 1),
            Grid(0, 166, 14, 14, 1, 3),
        ],
    ),
    sheet("gui/container/nautilus.png", 256, &[WINDOW]),
    sheet("gui/container/shulker_box.png", 256, &[WINDOW]),
    sheet("gui/container/smithing.png", 256, &[WINDOW, ERROR]),
    sheet("gui/container/legacy_smithing.png", 256, &[WINDOW, ERROR]),
    sheet("gui/container/smoker.png", 256, FURNACE),
    sheet(
        "gui/container/stats_icons.png",
        128,
        &[Grid(0, 0, 18, 18, 7, 2)],
    ),
    sheet(
        "gui/container/stonecutter.png",
        256,
        &[
            WINDOW,
            Grid(176, 0, 12, 15, 2, 1),
            Grid(0, 166, 16, 18, 1, 3),
        ],
    ),
    sheet("gui/container/villager.png", 256, &[WINDOW]),
    // Since 1.20.2, when what `villager2.png` held beside the window became sprites.
    Sheet {
        path: "gui/container/villager.png",
        size: (512, 256),
        sprites: &[Grid(0, 0, 276, 166, 1, 1)],
    },
    Sheet {
        path: "gui/container/villager2.png",
        size: (512, 256),
        sprites: &[
            Grid(0, 0, 276, 166, 1, 1),
            Grid(311, 0, 28, 21, 1, 1),
            Grid(15, 171, 10, 9, 2, 1),
            Grid(0, 176, 9, 2, 1, 1),
            Grid(0, 181, 102, 5, 1, 3),
            Grid(0, 199, 6, 27, 2, 1),
        ],
    },
    Sheet {
        path: "gui/realms/cross_icon.png",
        size: (14, 28),
        sprites: &[Grid(0, 0, 14, 14, 1, 2)],
    },
    Sheet {
        path: "gui/realms/user_icon.png",
        size: (8, 14),
        sprites: &[Grid(0, 0, 8, 7, 1, 2)],
    },
    Sheet {
        path: "gui/realms/op_icon.png",
        size: (8, 14),
        sprites: &[Grid(0, 0, 8, 7, 1, 2)],
    },
    Sheet {
        path: "gui/realms/cross_player_icon.png",
        size: (8, 14),
        sprites: &[Grid(0, 0, 8, 7, 1, 2)],
    },
    Sheet {
        path: "gui/realms/reject_icon.png",
        size: (37, 18),
        sprites: &[Grid(0, 0, 18, 18, 1, 1), Grid(19, 0, 18, 18, 1, 1)],
    },
    Sheet {
        path: "gui/realms/accept_icon.png",
        size: (37, 18),
        sprites: &[Grid(0, 0, 18, 18, 1, 1), Grid(19, 0, 18, 18, 1, 1)],
    },
    Sheet {
        path: "gui/realms/expires_soon_icon.png",
        size: (20, 28),
        sprites: &[Grid(0, 0, 10, 28, 2, 1)],
    },
    Sheet {
        path: "gui/realms/trial_icon.png",
        size: (8, 16),
        sprites: &[Grid(0, 0, 8, 8, 1, 2)],
    },
    Sheet {
        path: "gui/realms/restore_icon.png",
        size: (17, 20),
        sprites: &[Grid(0, 0, 17, 10, 1, 2)],
    },
    Sheet {
        path: "gui/realms/plus_icon.png",
        size: (9, 18),
        sprites: &[Grid(0, 0, 9, 9, 1, 2)],
    },
    Sheet {
        path: "gui/realms/link_icons.png",
        size: (30, 15),
        sprites: &[Grid(0, 0, 15, 15, 2, 1)],
    },
    Sheet {
        path: "gui/realms/trailer_icons.png",
        size: (30, 15),
        sprites: &[Grid(0, 0, 15, 15, 2, 1)],
    },
    Sheet {
        path: "gui/realms/news_icon.png",
        size: (40, 20),
        sprites: &[Grid(0, 0, 20, 20, 2, 1)],
    },
    Sheet {
        path: "gui/realms/invitation_icons.png",
        size: (48, 16),
        sprites: &[Grid(0, 0, 8, 8, 6, 2)],
    },
    Sheet {
        path: "gui/realms/invite_icon.png",
        size: (18, 30),
        sprites: &[Grid(0, 0, 18, 15, 1, 2)],
    },
    sheet("map/map_icons.png", 128, &[Grid(0, 0, 8, 8, 16, 16)]),
    sheet("entity/explosion.png", 128, &[Grid(0, 0, 32, 32, 4, 4)]),
    sheet("entity/experience_orb.png", 64, &[Grid(0, 0, 16, 16, 4, 4)]),
    Sheet {
        path: "entity/sweep.png",
        size: (128, 32),
        sprites: &[Grid(0, 0, 32, 16, 4, 2)],
    },
    Sheet {
        path: "environment/moon_phases.png",
        size: (128, 64),
        sprites: &[Grid(0, 0, 32, 32, 4, 2)],
    },
    sheet(
        "painting/paintings_kristoffer_zetterstrand.png",
        256,
        &[
            Grid(240, 0, 16, 16, 1, 1),
            Grid(0, 0, 16, 16, 7, 1),
            Grid(0, 32, 32, 16, 5, 1),
            Grid(0, 64, 16, 32, 2, 1),
            Grid(0, 96, 64, 32, 1, 1),
            Grid(0, 128, 32, 32, 6, 1),
            Grid(0, 192, 64, 64, 3, 1),
            Grid(192, 64, 64, 48, 1, 2),
        ],
    ),
    sheet("particle/particles.png", 256, PARTICLES),
];

/// Rows of 8x8 sprites, but for the flash and the bubbles.
const PARTICLES: &[Grid] = &[
    Grid(0, 0, 8, 8, 16, 2),
    Grid(0, 16, 8, 8, 4, 4),
    Grid(32, 16, 32, 32, 1, 1),
    Grid(64, 16, 8, 8, 8, 4),
    Grid(0, 48, 8, 8, 16, 10),
    Grid(0, 131, 16, 16, 5, 1),
];
/// As they were until 1.12: nothing below the letters, and the flash as in the newer sheet.
const SMALL_PARTICLES: &[Grid] = &[
    Grid(0, 0, 8, 8, 16, 2),
    Grid(0, 16, 8, 8, 4, 4),
    Grid(32, 16, 32, 32, 1, 1),
    Grid(64, 16, 8, 8, 8, 4),
    Grid(0, 48, 8, 8, 16, 10),
];

/// The sheet at a path under `textures/`, in the layout of the pack's versions; of several layouts, the one whose shape
/// the image has.
pub(super) fn find(path: &str, versions: Versions, size: (u32, u32)) -> Option<Sheet> {
    let layouts = || SHEETS.iter().filter(|sheet| sheet.path == path);
    let shaped = |sheet: &&Sheet| {
        let (width, height) = (u64::from(sheet.size.0), u64::from(sheet.size.1));
        u64::from(size.0) * height == u64::from(size.1) * width
    };
    let known = *layouts().find(shaped).or(layouts().next())?;
    let sprites = match path {
        "gui/container/creative_inventory/tabs.png" if versions.wide_tabs() => WIDE_TABS,
        "gui/container/inventory.png" if versions.effect_grid_in_inventory() => {
            INVENTORY_WITH_EFFECTS
        }
        "map/map_icons.png" if versions.small_sheets() => {
            return Some(Sheet {
                size: (32, 32),
                sprites: &[Grid(0, 0, 8, 8, 4, 4)],
                ..known
            });
        }
        "particle/particles.png" if versions.small_sheets() => {
            return Some(Sheet {
                size: (128, 128),
                sprites: SMALL_PARTICLES,
                ..known
            });
        }
        _ => known.sprites,
    };
    Some(Sheet { sprites, ..known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sprites_lie_inside_and_apart() {
        let mut count = 0;
        let layouts = [INVENTORY_WITH_EFFECTS, WIDE_TABS].map(|sprites| ((256, 256), sprites));
        let small = [((128, 128), SMALL_PARTICLES)];
        for (size, sprites) in SHEETS
            .iter()
            .map(|sheet| (sheet.size, sheet.sprites))
            .chain(layouts)
            .chain(small)
        {
            let mut taken = vec![false; (size.0 * size.1) as usize];
            for &Grid(x, y, width, height, columns, rows) in sprites {
                count += columns * rows;
                assert!(
                    x + width * columns <= size.0 && y + height * rows <= size.1,
                    "{sprites:?}"
                );
                for row in y..y + height * rows {
                    for column in x..x + width * columns {
                        let texel = &mut taken[(row * size.0 + column) as usize];
                        assert!(!*texel, "{sprites:?} twice at {column}, {row}");
                        *texel = true;
                    }
                }
            }
        }
        assert!(count > 900, "{count}");
        assert!(SHEETS.len() > 70, "{}", SHEETS.len());
    }
}
