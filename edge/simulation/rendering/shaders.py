"""GLSL of the rendered shop. One key light with a shadow (a ceiling tube), and light from all around.

The shelf is drawn once per stock into two layers, ambient and key light; every picture puts them together with the
shadows of the people who stand there now. Must not: hold numbers of a scene; those come as uniforms.
"""

LIT = """
uniform vec3 key_place;
uniform vec3 ambient_colour;
uniform vec3 key_colour;

float key_part(vec3 place, vec3 normal) {
    vec3 towards = key_place - place;
    float away = length(towards) / 2000.0;
    return max(0.0, dot(normal, towards / (away * 2000.0))) / (0.4 + 0.6 * away * away);
}

vec3 ambient_part(vec3 normal) {
    return ambient_colour * (0.66 + 0.22 * normal.z - 0.12 * normal.y);
}
"""

TONE = """
uniform vec3 white;

vec4 toned(vec3 light) {
    vec3 sum = light * white * 1.4;
    return vec4(pow(clamp(sum / (1.0 + 0.30 * sum), 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
"""

SHADOW = """
float lit(sampler2DShadow map, mat4 matrix, vec3 place, vec3 normal, float soft) {
    vec4 clip = matrix * vec4(place + normal * 9.0, 1.0);
    vec3 spot = clip.xyz / clip.w * 0.5 + 0.5;
    if (any(lessThan(spot.xy, vec2(0.0))) || any(greaterThan(spot.xy, vec2(1.0))) || spot.z >= 1.0) return 1.0;
    float sum = texture(map, vec3(spot.xy, spot.z - 0.0004));
    for (int i = -1; i <= 1; i += 2) for (int j = -1; j <= 1; j += 2)
        sum += texture(map, vec3(spot.xy + vec2(float(i) * 2.2, float(j)) * soft, spot.z - 0.0004));
    return sum / 5.0;
}
"""

PACK_VERTEX = """
#version 330
uniform mat4 camera;
in vec3 in_place; in vec3 in_normal; in vec2 in_uv; in float in_material;
in vec3 at; in vec3 size; in vec3 turn_sheet_gloss; in vec3 accent; in vec3 ground;
out vec3 place; out vec3 normal; out vec3 uv; out float material; out float gloss; out vec3 lid; out vec3 plain;
void main() {
    float c = cos(turn_sheet_gloss.x), s = sin(turn_sheet_gloss.x);
    mat2 turn = mat2(c, s, -s, c);
    vec3 body = in_place * size;
    vec3 n = in_normal / max(size, vec3(1.0));
    place = vec3(turn * body.xy, body.z) + at;
    normal = normalize(vec3(turn * n.xy, n.z));
    uv = vec3(in_uv, turn_sheet_gloss.y);
    material = in_material; gloss = turn_sheet_gloss.z; lid = accent; plain = ground;
    gl_Position = camera * vec4(place, 1.0);
}
"""

PACK_COLOUR = """
uniform sampler2DArray art;
in vec3 place; in vec3 normal; in vec3 uv; in float material; in float gloss; in vec3 lid; in vec3 plain;
vec3 albedo() {
    if (uv.z < -1.5) {
        vec2 tile = fract(place.xy / 450.0);
        float seam = step(0.985, max(tile.x, tile.y));
        vec2 which = floor(place.xy / 450.0);
        return plain * (1.0 - 0.35 * seam) * (0.94 + 0.06 * fract(sin(dot(which, vec2(12.9, 78.2))) * 43758.5));
    }
    if (uv.z < -0.5) return plain;
    vec3 print = pow(texture(art, uv).rgb, vec3(2.2));
    if (material > 2.5) return lid;
    if (material > 1.5) return vec3(0.42, 0.43, 0.45);
    if (material > 0.5) return plain;
    return print;
}
"""

PACK_LAYERS = (
    """
#version 330
"""
    + LIT
    + SHADOW
    + PACK_COLOUR
    + """
uniform sampler2DShadow shelf_shadow;
uniform mat4 key_matrix;
uniform vec3 eye;
uniform float shelf_depth;
layout(location = 0) out vec4 ambient_layer;
layout(location = 1) out vec4 key_layer;
void main() {
    vec3 n = normalize(normal), colour = albedo();
    if (dot(n, eye - place) < 0.0) n = -n;
    float into = clamp(place.y, 0.0, shelf_depth);
    float open = 0.30 + 0.70 * exp(-into / 170.0);
    vec3 half_way = normalize(normalize(key_place - place) + normalize(eye - place));
    float shine = gloss * pow(max(0.0, dot(n, half_way)), 40.0);
    ambient_layer = vec4(colour * ambient_part(n) * open, 1.0);
    key_layer = vec4((colour * key_part(place, n) + shine) * key_colour
        * lit(shelf_shadow, key_matrix, place, n, 0.0022), 1.0);
}
"""
)

PACK_FORWARD = (
    """
#version 330
"""
    + LIT
    + TONE
    + PACK_COLOUR
    + """
uniform float ambient_gain; uniform float key_gain;
out vec4 colour;
void main() {
    vec3 n = normalize(normal), body = albedo();
    colour = toned(body * (ambient_part(n) * ambient_gain + 0.8 * key_part(place, n) * key_colour * key_gain));
}
"""
)

DEPTH_ONLY = """
#version 330
void main() {}
"""

LIMB_VERTEX = """
#version 330
uniform mat4 camera;
in vec3 in_limb;
in vec4 one; in vec4 two; in vec4 side_flat; in vec4 dye;
out vec3 place; out vec3 normal; out vec3 dress; out vec2 cloth; out float pattern;
void main() {
    vec3 axis = two.xyz - one.xyz;
    float span = max(length(axis), 0.001);
    axis /= span;
    vec3 side = side_flat.xyz - axis * dot(side_flat.xyz, axis);
    side = length(side) < 0.05 ? normalize(cross(axis, vec3(1.0, 0.01, 0.0))) : normalize(side);
    vec3 other = cross(axis, side);
    float along = clamp(in_limb.z, 0.0, 1.0);
    float cap = in_limb.z < 0.0 ? in_limb.z : max(0.0, in_limb.z - 1.0);
    float thick = mix(one.w, two.w, along);
    float around = cos(cap * 1.5708), beyond = sin(cap * 1.5708);
    vec3 round_part = side * in_limb.x * side_flat.w + other * in_limb.y;
    place = one.xyz + axis * (span * along + beyond * thick) + round_part * thick * around;
    normal = normalize((side * in_limb.x / side_flat.w + other * in_limb.y) * around + axis * beyond);
    dress = dye.rgb; pattern = dye.w;
    cloth = vec2(atan(in_limb.y, in_limb.x), span * along + beyond * thick);
    gl_Position = camera * vec4(place, 1.0);
}
"""

LIMB_FORWARD = (
    """
#version 330
"""
    + LIT
    + TONE
    + """
in vec3 place; in vec3 normal; in vec3 dress; in vec2 cloth; in float pattern;
uniform float ambient_gain; uniform float key_gain; uniform vec3 eye;
out vec4 colour;
void main() {
    vec3 n = normalize(normal), body = dress;
    if (dot(n, eye - place) < 0.0) n = -n;
    if (pattern > 1.5) body *= 0.55 + 0.45 * step(0.5, fract(cloth.x * 1.9)) + 0.35 * step(0.5, fract(cloth.y / 45.0));
    else if (pattern > 0.5) body *= 0.6 + 0.7 * step(0.5, fract(cloth.y / 60.0));
    float folds = 1.0 + 0.10 * sin(cloth.y / 23.0 + 3.0 * sin(cloth.x * 2.0));
    vec3 light = ambient_part(n) * ambient_gain + 0.85 * key_part(place, n) * key_colour * key_gain;
    colour = toned(body * folds * light);
}
"""
)

SCREEN_VERTEX = """
#version 330
in vec2 in_corner;
out vec2 spot;
void main() { spot = in_corner * 0.5 + 0.5; gl_Position = vec4(in_corner, 0.0, 1.0); }
"""

RESOLVE = """
#version 330
uniform sampler2D ambient_big; uniform sampler2D key_big; uniform sampler2D depth_big;
uniform ivec2 fold;
layout(location = 0) out vec4 ambient_layer;
layout(location = 1) out vec4 key_layer;
void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * fold;
    vec4 a = vec4(0.0), k = vec4(0.0);
    float nearest = 1.0;
    for (int y = 0; y < fold.y; ++y) for (int x = 0; x < fold.x; ++x) {
        ivec2 at = corner + ivec2(x, y);
        a += texelFetch(ambient_big, at, 0);
        k += texelFetch(key_big, at, 0);
        nearest = min(nearest, texelFetch(depth_big, at, 0).r);
    }
    float count = float(fold.x * fold.y);
    ambient_layer = a / count;
    key_layer = k / count;
    gl_FragDepth = nearest;
}
"""

COMPOSE = (
    """
#version 330
"""
    + SHADOW
    + TONE
    + """
uniform sampler2D ambient_layer; uniform sampler2D key_layer; uniform sampler2D depth_layer;
uniform sampler2DShadow people_shadow;
uniform mat4 key_matrix; uniform mat4 back;
uniform float ambient_gain; uniform float key_gain;
uniform vec4 bodies[6];
uniform int body_count;
in vec2 spot;
out vec4 colour;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float depth = texelFetch(depth_layer, at, 0).r;
    vec3 ambient = texelFetch(ambient_layer, at, 0).rgb * ambient_gain;
    vec3 key = texelFetch(key_layer, at, 0).rgb * key_gain;
    if (body_count > 0) {
        vec4 clip = back * vec4(vec3(spot, depth) * 2.0 - 1.0, 1.0);
        vec3 place = clip.xyz / clip.w;
        float open = 1.0, nearest = 9000.0;
        for (int i = 0; i < body_count; ++i) {
            float away = max(150.0, distance(place.xy, bodies[i].xy));
            nearest = min(nearest, away);
            float under = smoothstep(bodies[i].z + 300.0, bodies[i].z - 300.0, place.z);
            open *= 1.0 - under * bodies[i].w * min(0.55, 110.0 / away);
        }
        ambient *= open;
        if (nearest < 1800.0) key *= lit(people_shadow, key_matrix, place, vec3(0.0), 0.008);
    }
    colour = toned(ambient + key);
    gl_FragDepth = depth;
}
"""
)
